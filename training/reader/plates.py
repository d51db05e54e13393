"""What is written on plates, and how they look: formats by country and state.

In a pattern L is a letter, N a digit, V a pronounceable word of personal plates, `|` a gap (which may hold a dash, a dot,
a seal or an emblem), `/` the next row; anything else stands for itself. `texts` follows a country's own alphabet.
"""

import random
from dataclasses import dataclass, field

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST = 9
NO_IO = "ABCDEFGHJKLMNPQRSTUVWXYZ"
NO_IOQ = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass
class Style:
    name: str
    weight: float  # share of all samples, before normalisation
    look: str  # which of the drawers in render.py
    patterns: dict[str, float]
    alphabet: str = LETTERS
    aspect: tuple[float, float] = (4.3, 4.9)  # width by height of the plate
    cap: tuple[float, float] = (0.6, 0.78)  # height of the characters, as a share of the plate's
    faces: dict[str, float] = field(default_factory=dict)  # weights of the kinds of faces
    same_zero: float = 0.0  # how often O and 0 are one shape; only where the format tells them apart
    same_one: float = 0.0  # how often I and 1 are
    gap: dict[str, float] = field(default_factory=dict)  # what `|` holds
    dark: float = 0.04  # how often light characters stand on a dark plate


EU_FACES = {"eu": 5, "fe": 2, "stroke-eu": 3, "mono": 1.0, "br": 0.5, "narrow": 0.6, "wide": 0.5}
FE_FACES = {"fe": 6, "stroke-eu": 2, "eu": 2, "mono": 0.5}
UK_FACES = {"stroke-br": 6, "br": 2, "eu": 1, "wide": 1}
NARROW_FACES = {"narrow": 4, "stroke-us": 3, "eu": 2}
US_FACES = {"us": 4, "narrow": 2.5, "stroke-us": 5, "stroke-eu": 1, "eu": 1, "mono": 0.3, "wide": 0.4}
BR_FACES = {"stroke-br": 7, "br": 1.5, "stroke-eu": 2, "eu": 1.5, "wide": 0.6, "us": 0.5}

PLAIN = {"none": 6, "dash": 1.5, "dot": 0.5}
DASH = {"dash": 5, "none": 1, "dot": 0.6}
SEALS = {"seals": 4, "seal": 3, "none": 1.5, "dash": 0.5, "shield": 1}
EMBLEM = {"emblem": 5, "none": 3, "dash": 0.7, "shield": 1, "dot": 0.4}


def europe(name, weight, patterns, **other) -> Style:
    rest = dict(faces=EU_FACES, gap=PLAIN) | other
    if isinstance(patterns, str):
        patterns = {p: 1 for p in patterns.split()}
    return Style(name, weight, "europe", patterns, **rest)


def america(name, weight, patterns, **other) -> Style:
    # Most states' dies have one shape for O and 0, or nearly; the format tells.
    rest = dict(faces=US_FACES, gap=PLAIN, aspect=(1.85, 2.2), cap=(0.4, 0.6), same_zero=0.5, same_one=0.2) | other
    if isinstance(patterns, str):
        patterns = {p: 1 for p in patterns.split()}
    return Style(name, weight, "america", patterns, **rest)


GERMAN = {
    "L|LLNNNN": 1, "L|LNNNN": 1, "L|LLNNN": 1.2, "L|LNNN": 1, "L|LLNN": 0.4, "LL|LLNNN": 2, "LL|LNNN": 2, "LL|LLNNNN": 1,
    "LL|LNNNN": 1, "LL|LLNN": 0.8, "LLL|LNNN": 1.5, "LLL|LLNNN": 1.5, "LLL|LLNN": 1.2, "LLL|LNN": 0.6, "LLL|LLNE": 0.1,
}

STYLES = [
    # Europe
    europe("germany", 5, GERMAN, faces=FE_FACES, gap=SEALS),
    europe("france", 3, "LL|NNN|LL LL|NNN|LL NNNN|LL|NN NNN|LLL|NN", gap=DASH, alphabet=NO_IO),
    europe("italy", 3, "LL|NNNLL LL|NNNLL LLNNNLL", alphabet=NO_IOQ, same_zero=0.4, gap=PLAIN | {"seal": 1}),
    europe("spain", 2, "NNNN|LLL NNNN|LLL L|NNNN|LL", alphabet="BCDFGHJKLMNPRSTVWXYZ"),
    europe("portugal", 1.2, "NN|NN|LL NN|LL|NN LL|NN|NN LL|NN|LL", gap=DASH),
    europe("netherlands", 2, "NN|LLL|N LL|NN|LL NN|LL|LL LL|NNN|L L|NNN|LL N|LLL|NN LLL|NN|L LL|LL|NN", gap=DASH | {"dash": 9}, alphabet="BDFGHJKLNPRSTVXZM"),
    europe("belgium", 1.5, "N|LLL|NNN N|LLL|NNN LLL|NNN NNN|LLL", gap=DASH),
    europe("luxembourg", 0.4, "LL|NNNN NNNNN NNNN"),
    europe("austria", 1.5, "L|NNNNL L|NNNNNL L|NNNLL LL|NNNLL LL|NNNL LL|NNLLL LL|LLLN", gap={"shield": 5, "seal": 2, "none": 1}),
    europe("switzerland", 1, "LL|NNNNNN LL|NNNNN LL|NNNN", gap={"dot": 3, "shield": 1, "none": 1}, faces={"eu": 3, "narrow": 3, "stroke-eu": 2}),
    europe("liechtenstein", 0.1, "FL|NNNNN", dark=0.9),
    europe("poland", 3, "LL|NNNNN LLL|NNNN LLL|LNNN LL|NNNNL LLL|NNLL LL|NNNLL LLL|NNLN LLL|LNNL L|NNNLL LLL|NNNNN LL|LNNNN", gap={"seals": 2, "none": 4, "seal": 2}, same_zero=0.3),
    europe("czechia", 2.5, "NLN|NNNN NLN|NNNN NLL|NNNN LLL|NN|NN", gap={"seals": 3, "none": 3, "seal": 2, "dash": 1}, alphabet="ABCEHJKLMPSTUZ"),
    europe("slovakia", 2.5, "LL|NNNLL LL|NNNLL LLNNNLL", gap={"shield": 4, "dash": 3, "none": 2, "seal": 1}),
    europe("hungary", 1.5, "LLL|NNN LLL|NNN LL|LL|NNN", gap=DASH),
    europe("romania", 1.5, "LL|NN|LLL B|NNN|LLL B|NN|LLL LL|NN|LLL"),
    europe("bulgaria", 1, "LL|NNNN|LL L|NNNN|LL LLNNNNLL", alphabet="ABEKMHOPCTYX", same_zero=0.3),
    europe("croatia", 1.2, "LL|NNN|LL LL|NNNN|LL LL|NNNN|L LL|NNN|L", gap={"shield": 4, "dash": 3, "none": 1}),
    europe("slovenia", 0.8, "LL|LNNNN LL|LLNNN LL|NNLLL LL|LLLNN", gap={"shield": 4, "none": 2, "dash": 2}),
    europe("serbia", 1, "LL|NNN|LL LL|NNNN|LL", gap={"shield": 4, "dash": 3, "none": 1}),
    europe("bosnia", 0.6, "LNN|L|NNN NNN|L|NNN", gap=DASH, alphabet="AEJKMOT", same_zero=0.3),
    europe("montenegro", 0.3, "LL|LLNNN", gap={"shield": 4, "none": 2}),
    europe("macedonia", 0.4, "LL|NNNN|LL", gap={"shield": 3, "dash": 3}),
    europe("albania", 0.3, "LL|NNN|LL LLNNNLL", alphabet=NO_IO),
    europe("greece", 1, "LLL|NNNN", gap=DASH, alphabet="ABEHIKMNOPTXYZ", same_zero=0.4),
    europe("turkey", 1.2, "NN|LL|NNN NN|LL|NNNN NN|L|NNNN NN|LLL|NN NN|LLL|NNN NN|LL|NN", alphabet=NO_IO),
    europe("ukraine", 0.8, "LL|NNNN|LL LLNNNNLL", alphabet="ABEKMHOPCTIX", same_zero=0.5),
    europe("russia", 1, "LNNNLL|NN LNNNLL|NNN", alphabet="ABEKMHOPCTYX", faces={"eu": 3, "stroke-eu": 3, "us": 1}, same_zero=0.5),
    europe("belarus", 0.3, "NNNN|LL|N", gap=DASH, alphabet="ABEKMHOPCTIX"),
    europe("moldova", 0.3, "LLL|NNN LL|LL|NNN"),
    europe("lithuania", 0.8, "LLL|NNN LLL|NNN", gap={"seals": 4, "seal": 2, "none": 3}),
    europe("latvia", 0.6, "LL|NNNN LL|NNNN LL|NNN", gap=DASH),
    europe("estonia", 0.6, "NNN|LLL"),
    europe("finland", 0.8, "LLL|NNN LLL|NNN LL|NNN", gap=DASH),
    europe("sweden", 1, "LLL|NNN LLL|NNN LLL|NNL", gap=PLAIN | {"seal": 2}, alphabet="ABCDEFGHJKLMNOPRSTUWXYZ"),
    europe("norway", 0.8, "LL|NNNNN LL|NNNNN LL|NNNN", alphabet="ABCDEFHJKLNPRSTUVXYZ"),
    europe("denmark", 0.8, "LL|NN|NNN LL|NNNNN", alphabet="ABCDEHJKLMNOPRSTUVXYZ"),
    europe("iceland", 0.2, "LL|LNN LL|NNN", gap={"shield": 3, "seal": 2}),
    europe("ireland", 0.8, "NN|L|NNNN NN|L|NNNNN NNN|L|NNNNN NN|LL|NNNN NNN|LL|NNNN NNN|L|NNN", gap=DASH, alphabet="DCGKLMOSTWXY"),
    europe("britain", 3.5, "LLNN|LLL LLNN|LLL LLNN|LLL LNNN|LLL LNN|LLL", faces=UK_FACES, same_zero=0.85, same_one=0.7, alphabet="ABCDEFGHJKLMNOPRSTUVWXYZ", cap=(0.64, 0.8)),
    europe("cyprus", 0.3, "LLL|NNN"),
    europe("malta", 0.3, "LLL|NNN"),
    europe("old-single", 1, "LLNNNN LLNNNNN NNNNLL LNNNNN LLLNNN NNNNNN", gap=DASH),
    # Square European plates, two rows
    Style("germany-square", 0.8, "square", {"LL/LNNN": 1, "LLL/LNNN": 1, "L/LLNNN": 0.6, "LL/LLNN": 1, "L/LNNN": 0.5, "LL/NNNN": 0.3}, faces=FE_FACES, aspect=(1.2, 1.75), cap=(0.32, 0.4)),
    Style("britain-square", 0.6, "square", {"LLNN/LLL": 2, "LNNN/LLL": 1}, faces=UK_FACES, same_zero=0.85, same_one=0.7, aspect=(1.2, 1.6), cap=(0.3, 0.38)),
    Style("europe-square", 1.2, "square", {"LL/NNNNN": 1, "LL/NNN": 1, "LLN/NNNN": 1, "NLN/NNNN": 0.7, "LLL/NNN": 1, "LL/NNNN": 1, "NN/LLNNN": 0.6, "LLN/NNLL": 0.6, "LL/NNNLL": 0.8}, faces=EU_FACES, aspect=(1.1, 1.7), cap=(0.3, 0.4)),
    # United States and Canada
    america("alabama", 0.8, "NNLLNNN NLLNNNN NNLNNLN NLNNLNN NNLLNNN"),
    america("alaska", 0.3, "LLL|NNN", gap=EMBLEM),
    america("arizona", 2.5, "LLLNNNN LLL|NNNN NNN|LLL LLNLNLN"),
    america("arkansas", 0.6, "NNN|LLL LLL|NNL NNN|LLL", gap=EMBLEM),
    america("california", 6.5, {"NLLLNNN": 8, "NLNNNNN": 1.2, "NNNNNLN": 1.2, "NLLL|NNN": 0.5}, faces=US_FACES | {"stroke-us": 8}, dark=0.08),
    america("colorado", 1, "NNN|LLL LLL|NNN LLL|LNN NNNLLL", gap=EMBLEM | {"dash": 3}, dark=0.5),
    america("connecticut", 0.7, "NNN|LLL LL|NNNNN LLL|NNN LLNNNNN", gap={"dash": 2, "dot": 2, "emblem": 1, "none": 1}, dark=0.2),
    america("delaware", 0.4, "NNNNNN NNNNNNN NNNNN LCNNNN PCNNNNNN", dark=0.85),
    america("florida", 4, "LNN|NLL LNN|NLL LLL|LNN LLL|NNN NNN|NLL NNNN|LL LLN|NLL NNN|LLL", gap={"emblem": 8, "none": 1}),
    america("georgia", 2, "LLL|NNNN LLL|NNNN LLLNNNN LLN|NNN NNNN|LLL NNN|LLL", gap=EMBLEM),
    america("hawaii", 0.4, "LLL|NNN", gap=EMBLEM),
    america("idaho", 0.4, "NL|LNNNN NL|NNNNN LNNNNNN NLNNNLL NLNNNNN"),
    america("illinois", 3, "LNN|NNNN NNN|NNNN LL|NNNNN LNN|NNNN NNNNNNN LLNNNNN", gap=EMBLEM | {"none": 5}),
    america("indiana", 1.5, "NNNL NNNLL NNNLLL NNN|LLL NNN|L LLLNNN", gap=EMBLEM),
    america("iowa", 0.7, "LLL|NNN NNN|LLL LLLNNN"),
    america("kansas", 0.7, "NNN|LLL NNN|LLL LLL|NNN", gap=EMBLEM | {"emblem": 8}),
    america("kentucky", 0.8, "NNN|LLL LNL|NNN LNLNNN", gap=EMBLEM),
    america("louisiana", 0.9, "LLL|NNN NNN|LLL LNNNNNN", gap=EMBLEM | {"emblem": 8}),
    america("maine", 0.4, "NNNN|LL NNNN|LL NNN|LLL"),
    america("maryland", 2.5, "NLL|NNNN NLLNNNN LLL|NNN NLL|LNN LL|NNNNN NLL|NNNN", gap=EMBLEM | {"emblem": 6}),
    america("massachusetts", 1.2, "NNN|LLN NNNL|LN NLL|LNN NNNL|NN LNNN|NN NLLLNN NNLLNN", gap={"none": 4, "dot": 3, "emblem": 1}),
    america("michigan", 1.5, "LLL|NNNN LLL|NNNN NNN|LLL NLLLNN DLN|NNNN"),
    america("minnesota", 0.9, "LLL|NNN NNN|LLL", gap=DASH),
    america("mississippi", 0.5, "LLL|NNN LLLNNNN", gap=EMBLEM),
    america("missouri", 16, {"LLN|LNL": 10, "NLL|NNL": 0.3, "LNN|LLL": 0.3, "NNN|LLL": 0.5}, same_zero=0.75, same_one=0.5, gap={"sticker": 6, "emblem": 2, "none": 1}),
    america("montana", 0.4, "N|NNNNNL NNNNNNL LLL|NNN", gap={"dash": 2, "none": 2, "dot": 1}),
    america("nebraska", 0.5, "LLL|NNN NN|LNNN N|LNNNN LLLNNN", gap=EMBLEM),
    america("nevada", 0.9, "NNN|LLL NNL|NNN LNN|LLL NNLNNN", gap={"dot": 2, "none": 3, "emblem": 1}),
    america("new-hampshire", 0.4, "NNN|NNNN", gap=PLAIN | {"emblem": 1}),
    america("new-jersey", 2.5, "LNN|LLL LNN|LLL LLL|NNL LL|NNNL LNNLLL", gap={"emblem": 5, "dash": 3, "none": 2}),
    america("new-mexico", 0.5, "NNN|LLL LLL|NNN NNNNLLL LLLNNN", gap={"emblem": 5, "dash": 2}, dark=0.25),
    america("new-york", 3.5, "LLL|NNNN LLL|NNNN LLL|NNN LLLNNNN NNNNN|LL", gap={"emblem": 5, "dash": 3, "none": 2}),
    america("north-carolina", 1.6, "LLL|NNNN LLL|NNNN NNN|LLL LLLNNNN LLNNNN", gap=DASH),
    america("north-dakota", 0.2, "NNN|LLL LLL|NNN", gap=EMBLEM),
    america("ohio", 2, "LLL|NNNN LLL|NNNN LLLNNNN LL|NN|LL NNNLLL", gap=PLAIN | {"emblem": 1}),
    america("oklahoma", 0.6, "NNN|LLL LLL|NNN", gap=DASH | {"emblem": 2}),
    america("oregon", 1, "NNN|LLL LLL|NNN", gap={"emblem": 8, "none": 2}),
    america("pennsylvania", 2.2, "LLL|NNNN LLL|NNNN LLLNNNN LLL|NNN", gap={"emblem": 5, "dash": 3, "none": 1}),
    america("rhode-island", 0.4, "NNN|NNN NN|NNN LL|NNN NNNNNN", gap=DASH),
    america("south-carolina", 0.8, "NNN|LLL LLL|NNN LLLNNN", gap=EMBLEM | {"emblem": 7}),
    america("south-dakota", 0.3, "NLN|NNN NNL|NNN NL|NNNN"),
    america("tennessee", 1, "LNN|NNL NNN|LLL LNNNNL NNNLLL", gap=DASH | {"none": 3, "emblem": 1}),
    america("texas", 4.5, {"LLL|NNNN": 3, "LLNLNNN": 2, "LNN|LLL": 1.5, "LLL|NNN": 1, "NNL|LLN": 0.5, "LLN|LNNN": 3, "NNL|NLN": 0.3, "LLL|NNL": 0.3}, gap={"emblem": 6, "dash": 1, "dot": 1, "sticker": 1}, alphabet="BCDFGHJKLMNPRSTVWXYZ"),
    america("utah", 0.6, "LNN|NLL NNN|LLL LNNNLL", gap=PLAIN | {"emblem": 1}),
    america("vermont", 0.4, "LLL|NNN", dark=0.8),
    america("virginia", 2, "LLL|NNNN LLL|NNNN LLLNNNN LL|NNNNL", gap=DASH | {"none": 4}),
    america("washington", 1.4, "NNN|LLL LLL|NNNN LLLNNNN LNNNNNL", gap=DASH | {"none": 3}),
    america("washington-dc", 0.4, "LL|NNNN LL|NNNN", gap=EMBLEM | {"emblem": 7}),
    america("west-virginia", 0.5, "NL|NNNN NLL|NNN NLNNNN", gap=PLAIN),
    america("wisconsin", 1, "NNN|LLL LLL|NNNN", gap=DASH),
    america("wyoming", 0.3, "NN|NNNN N|NNNN NN|NNNNN NN|NNNL", gap={"emblem": 8}),
    america("personal", 5, {"V": 6, "VN": 2, "VNN": 1, "V|V": 1, "V|NN": 0.8, "NV": 0.8, "LL|V": 0.4, "LLLL": 0.5, "NNNN": 0.2, "LLLLLL": 0.8, "LLLLLLL": 0.8, "LLNN": 0.4, "LNL|LL": 0.2, "VLNL": 0.3}, gap={"none": 5, "emblem": 2}, same_zero=0, same_one=0),
    america("truck", 3, {"NNNNNNN": 1, "NNNNNL": 1, "LNNNNN": 1, "LNNNNNN": 1, "NNNNNLN": 0.6, "LLNNNN": 1, "NNNNLL": 1, "NNNLLL": 1, "LLLNNN": 1, "NNNNL": 0.6, "NNLNNNN": 0.5, "LNNNL": 0.4, "NNNNNN": 1, "LLNNNNN": 1, "LNLNNN": 0.4}, same_zero=0, same_one=0),
    america("any", 3, {"?????": 1, "??????": 3, "???????": 4, "???|???": 2, "???|????": 2, "????": 0.3, "????????": 0.4}, gap=EMBLEM, same_zero=0, same_one=0),
    america("canada", 1.5, "LLLL|NNN LLL|NNNN LLL|NNN NNN|LLL LNN|LLL LLN|NNL", gap={"emblem": 5, "none": 2, "dash": 1}),
    # Latin America
    america("mexico", 2, "LLL|NN|NN LLL|NNN|L NNN|LLL LLL|NNNN LL|NN|NNN NN|LLN LNN|LLL", gap=DASH, alphabet=NO_IO),
    Style("brazil", 19, "brazil", {"LLL|NNNN": 1}, faces=BR_FACES, aspect=(2.7, 3.3), cap=(0.46, 0.62), same_zero=0.75, same_one=0.35, gap={"dash": 5, "dot": 4, "none": 1.5}, dark=0.12),
    Style("brazil-square", 3.5, "brazil", {"LLL/NNNN": 1}, faces=BR_FACES, aspect=(1.1, 1.55), cap=(0.28, 0.34), same_zero=0.75, same_one=0.35, dark=0.1),
    Style("mercosur", 7, "mercosur", {"LLLNLNN": 10, "LLL|NLNN": 1}, faces=FE_FACES | {"stroke-br": 1}, aspect=(2.8, 3.4), cap=(0.46, 0.6), same_zero=0.25, gap=PLAIN),
    Style("argentina", 3, "mercosur", {"LL|NNN|LL": 3, "LLNNNLL": 1}, faces=FE_FACES, aspect=(2.8, 3.3), cap=(0.44, 0.58), same_zero=0.2, gap={"none": 4, "seal": 1}),
    Style("argentina-old", 1, "brazil", {"LLL|NNN": 1}, faces=EU_FACES, aspect=(2.2, 3.0), cap=(0.46, 0.62), dark=0.85, gap={"none": 4, "dash": 1}),
    Style("uruguay", 0.6, "mercosur", {"LLL|NNNN": 1, "LLLNNNN": 1}, faces=FE_FACES, aspect=(2.8, 3.3), cap=(0.46, 0.6), gap=PLAIN),
    Style("paraguay", 0.4, "mercosur", {"LLLL|NNN": 1}, faces=FE_FACES, aspect=(2.8, 3.3), cap=(0.46, 0.6), gap=PLAIN),
    Style("mercosur-square", 3.5, "mercosur", {"LLL/NLNN": 4, "LNNN/LLL": 0.8, "LLN/NNLL": 0.4}, faces=FE_FACES | {"stroke-br": 1}, aspect=(1.05, 1.45), cap=(0.3, 0.36), same_zero=0.25),
    # Anything: no format to lean on
    Style("any-wide", 4, "europe", {"?????": 1, "??????": 2, "???????": 3, "????????": 1, "???|???": 2, "???|????": 2, "??|???": 1, "????": 0.5, "?????????": 0.3}, faces=EU_FACES, gap=PLAIN),
]
_WEIGHTS = [style.weight for style in STYLES]

_VOWELS, _CONSONANTS = "AEIOUY", "BCDFGHJKLMNPRSTVWXZ"


def pick(rng: random.Random) -> tuple[Style, str]:
    """A style, and a text for it in which `|` and `/` are still there."""
    style = rng.choices(STYLES, _WEIGHTS)[0]
    while True:
        pattern = rng.choices(list(style.patterns), list(style.patterns.values()))[0]
        text = fill(rng, pattern, style.alphabet)
        if len(text.replace("|", "").replace("/", "")) <= LONGEST:
            return style, text


def fill(rng: random.Random, pattern: str, alphabet: str) -> str:
    text = ""
    for symbol in pattern:
        if symbol == "L":
            text += rng.choice(alphabet)
        elif symbol == "N":
            text += rng.choice("0123456789")
        elif symbol == "?":
            text += rng.choice(LETTERS if rng.random() < 0.5 else "0123456789")
        elif symbol == "V":
            text += word(rng)
        else:
            text += symbol
    return text


def word(rng: random.Random) -> str:
    """Something that can be spoken: 2 to 6 letters."""
    letters, vowel = "", rng.random() < 0.3
    for _ in range(rng.choice([2, 3, 3, 4, 4, 5, 5, 6])):
        letters += rng.choice(_VOWELS if vowel else _CONSONANTS)
        vowel = not vowel if rng.random() < 0.85 else vowel
    return letters
