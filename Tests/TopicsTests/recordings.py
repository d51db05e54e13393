"""Reads and writes recordings with the `mcap` package, for RecordingInteropTests.

    recordings.py read FILE         one JSON object: everything in the file, as two readers of the package see it
    recordings.py count FILE...     a line for each: how many messages, or the error
    recordings.py write FILE HOW    writes the records of standard input (JSON: records, schemas); HOW is a list of
                                    zstd, none, lz4, flat (without chunks), bare (no summary), extra, sorted
"""

import json
import sys
import zlib

from google.protobuf.json_format import MessageToDict
from mcap.reader import NonSeekingReader, SeekingReader
from mcap.writer import CompressionType, IndexType, Writer
from mcap_protobuf.decoder import DecoderFactory


def plain(item):
    schema, channel, message = item
    return {
        "topic": channel.topic,
        "encoding": channel.message_encoding,
        "metadata": dict(channel.metadata),
        "type": schema.name if schema else None,
        "sequence": message.sequence,
        "time": message.log_time,
        "published": message.publish_time,
        "value": message.data.hex(),
    }


def checksums(path):
    """Whether data end and footer hold the checksums of what they should cover, computed here."""
    data = open(path, "rb").read()
    footer = len(data) - 8 - 29
    start = int.from_bytes(data[footer + 9 : footer + 17], "little")
    stored = int.from_bytes(data[footer + 25 : footer + 29], "little")
    ending = start - 13
    assert data[ending] == 0x0F
    return {
        "summary": zlib.crc32(data[start : footer + 25]) == stored != 0,
        "data": zlib.crc32(data[:ending]) == int.from_bytes(data[ending + 9 : ending + 13], "little") != 0,
    }


def read(path):
    with open(path, "rb") as stream:
        seeking = SeekingReader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = seeking.get_summary()
        header = seeking.get_header()
        by_index = [plain(item) for item in seeking.iter_messages(log_time_order=False)]
        by_time = [plain(item) for item in seeking.iter_messages()]
        decoded = [MessageToDict(message) for _, _, _, message in seeking.iter_decoded_messages(log_time_order=False)]
    with open(path, "rb") as stream:
        reader = NonSeekingReader(stream, validate_crcs=True)
        by_scan = [plain(item) for item in reader.iter_messages(log_time_order=False)]
    statistics = summary.statistics
    print(json.dumps({
        "profile": header.profile,
        "library": header.library,
        "messages": by_scan,
        "same": by_scan == by_index and sorted(by_time, key=lambda m: m["time"]) == by_time,
        "decoded": decoded,
        "statistics": {
            "messages": statistics.message_count,
            "channels": statistics.channel_count,
            "schemas": statistics.schema_count,
            "chunks": statistics.chunk_count,
            "start": statistics.message_start_time,
            "end": statistics.message_end_time,
        },
        "checksums": checksums(path),
    }))


def count(paths):
    for path in paths:
        try:
            with open(path, "rb") as stream:
                scanned = sum(1 for _ in NonSeekingReader(stream, validate_crcs=True).iter_messages())
            with open(path, "rb") as stream:
                reader = SeekingReader(stream, validate_crcs=True)
                sought = sum(1 for _ in reader.iter_messages())
                stated = reader.get_summary().statistics.message_count
            print(scanned if scanned == sought == stated else f"{scanned} {sought} {stated}")
        except Exception as error:
            print(repr(error))


def write(path, how):
    given = json.load(sys.stdin)
    compression = {"zstd": CompressionType.ZSTD, "lz4": CompressionType.LZ4}
    bare = {"repeat_channels": False, "repeat_schemas": False, "use_statistics": False, "use_summary_offsets": False,
            "index_types": IndexType.NONE}
    with open(path, "wb") as stream:
        writer = Writer(
            stream, chunk_size=2000, use_chunking="flat" not in how, enable_data_crcs="extra" not in how,
            compression=next((compression[name] for name in how if name in compression), CompressionType.NONE),
            **(bare if "bare" in how else {}))
        writer.start(profile="other", library="python")
        schemas = {
            name: writer.register_schema(name, "protobuf", bytes.fromhex(data)) for name, data in given["schemas"].items()
        }
        channels = {}
        for index, record in enumerate(given["records"]):
            # Two channels of one topic and key, as programs make them that restart.
            about = (record["topic"], record["key"], record["type"], index % 2 if "extra" in how else 0)
            if about not in channels:
                metadata = {"gantry-schema": record["version"], "note": "ünïcode"}
                if record["key"] is not None:
                    metadata["gantry-key"] = record["key"]
                channels[about] = writer.register_channel(
                    record["topic"], "protobuf", schemas[record["type"]], metadata)
            if "extra" in how and index % 50 == 10:
                writer.add_metadata("about", {"a": "b"})
                writer.add_attachment(1, 1, "photo.jpg", "image/jpeg", bytes(300_000))
                # A record of a kind that is not in the standard.
                stream.write(b"\x90" + (5).to_bytes(8, "little") + b"hello")
            writer.add_message(
                channels[about], log_time=record["time"], publish_time=record["time"] + 1,
                data=bytes.fromhex(record["value"]), sequence=index)
        writer.finish()


{"read": lambda: read(sys.argv[2]), "count": lambda: count(sys.argv[2:]),
 "write": lambda: write(sys.argv[2], sys.argv[3:])}[sys.argv[1]]()
