"""Tesseract through its C API, set up as the reader sets it up (Sources/Vision/TesseractLine.swift)."""

import os

# Read when the library is loaded; without it a line takes six times as long.
os.environ["OMP_THREAD_LIMIT"] = "1"

import ctypes as c  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

SYMBOL = 4
RAW_LINE = 13
LSTM_ONLY = 1
VARIABLES = {
    "load_system_dawg": "0",
    "load_freq_dawg": "0",
    "tessedit_do_invert": "0",
    "debug_file": "/dev/null",
    "lstm_choice_mode": "2",
    "lstm_choice_iterations": "5",
    "lstm_rating_coefficient": "2.0",
}


def library():
    tess = c.CDLL("libtesseract.so.5")
    pointer, number, text = c.c_void_p, c.c_int, c.c_char_p
    for name, result, arguments in (
        ("TessBaseAPICreate", pointer, []),
        ("TessBaseAPIInit2", number, [pointer, text, text, number]),
        ("TessBaseAPISetVariable", number, [pointer, text, text]),
        ("TessBaseAPISetPageSegMode", None, [pointer, number]),
        ("TessBaseAPISetImage", None, [pointer, text, number, number, number, number]),
        ("TessBaseAPISetSourceResolution", None, [pointer, number]),
        ("TessBaseAPIRecognize", number, [pointer, pointer]),
        ("TessBaseAPIGetIterator", pointer, [pointer]),
        ("TessResultIteratorGetUTF8Text", pointer, [pointer, number]),
        ("TessResultIteratorConfidence", c.c_float, [pointer, number]),
        ("TessResultIteratorNext", number, [pointer, number]),
        ("TessResultIteratorDelete", None, [pointer]),
        ("TessDeleteText", None, [pointer]),
    ):
        function = getattr(tess, name)
        function.restype, function.argtypes = result, arguments
    return tess


class Engine:
    def __init__(self, model: Path, **variables: str):
        self.tess = library()
        self.handle = self.tess.TessBaseAPICreate()
        folder = str(model.resolve().parent).encode()
        if self.tess.TessBaseAPIInit2(self.handle, folder, model.stem.encode(), LSTM_ONLY) != 0:
            raise SystemExit(f"engine: Tesseract refuses {model}")
        for name, value in (VARIABLES | variables).items():
            self.tess.TessBaseAPISetVariable(self.handle, name.encode(), value.encode())
        self.tess.TessBaseAPISetPageSegMode(self.handle, RAW_LINE)

    def read(self, line: np.ndarray) -> tuple[str, list[float]]:
        """The text of a grey line, and the confidence of each character, 0...100."""
        height, width = line.shape
        self.tess.TessBaseAPISetImage(self.handle, np.ascontiguousarray(line).tobytes(), width, height, 1, width)
        self.tess.TessBaseAPISetSourceResolution(self.handle, 150)
        self.tess.TessBaseAPIRecognize(self.handle, None)
        iterator = self.tess.TessBaseAPIGetIterator(self.handle)
        text, confidences = "", []
        while iterator:
            found = self.tess.TessResultIteratorGetUTF8Text(iterator, SYMBOL)
            if found:
                symbol = c.string_at(found).decode("utf8", "replace")
                self.tess.TessDeleteText(found)
                if len(symbol) == 1 and symbol.isascii() and symbol.isalnum():
                    text += symbol
                    confidences.append(self.tess.TessResultIteratorConfidence(iterator, SYMBOL))
            if not self.tess.TessResultIteratorNext(iterator, SYMBOL):
                self.tess.TessResultIteratorDelete(iterator)
                break
        return text, confidences
