"""Pinyin and English names of the places, from their Chinese names."""

# ruff: noqa: INP001
from __future__ import annotations

from pypinyin import lazy_pinyin, load_phrases_dict

# Readings that pypinyin's dictionary does not know or gets wrong: place names keep old readings.
READINGS = {
    "襄都": "xiāng dū",
    "信都": "xìn dū",
    "望都": "wàng dū",
    "大城县": "dài chéng xiàn",
    "泊头": "bó tóu",
    "乐亭": "lào tíng",
    "蔚县": "yù xiàn",
    "朝阳": "cháo yáng",
    "长阳": "cháng yáng",
    "行唐": "xíng táng",
    "任泽": "rén zé",
    "任丘": "rén qiū",
    "井陉": "jǐng xíng",
    "藁城": "gǎo chéng",
    "蠡县": "lǐ xiàn",
    "柏乡": "bǎi xiāng",
    "阜城": "fù chéng",
    "阜平": "fù píng",
    "曲周": "qǔ zhōu",
    "曲阳": "qǔ yáng",
    "蓟州": "jì zhōu",
    "宝坻": "bǎo dǐ",
    "长安": "cháng ān",
    "新乐": "xīn lè",
    "大厂": "dà chǎng",
}
load_phrases_dict({word: [[syllable] for syllable in text.split()] for word, text in READINGS.items()})

# Kinds of county, longest first: Chinese ending, English, pinyin.
KINDS = (
    ("满族蒙古族自治县", "Manchu and Mongol Autonomous County", "manzu mengguzu zizhixian"),
    ("满族自治县", "Manchu Autonomous County", "manzu zizhixian"),
    ("回族自治县", "Hui Autonomous County", "huizu zizhixian"),
    ("矿区", "Mining District", "kuangqu"),
    ("新区", "New Area", "xinqu"),
    ("区", "District", "qu"),
    ("县", "County", "xian"),
    ("市", "City", "shi"),
)


def syllables(name: str) -> list[str]:
    """Return the pinyin of a Chinese text, one item a syllable, without tones; other signs drop out."""
    found = [piece.strip().lower() for piece in lazy_pinyin(name)]
    return [piece for piece in found if any(sign.isalnum() for sign in piece)]


def pinyin(name: str) -> str:
    """Return the pinyin of a name, syllables apart: ``"bei jing da xue"``."""
    words = "".join(sign if sign.isalnum() else " " for sign in " ".join(syllables(name)))
    return " ".join(words.split())


def joined(parts: list[str]) -> str:
    """Write the syllables of one name as one word: an apostrophe stands before a later a, e or o."""
    word = parts[0] + "".join(f"'{part}" if part[0] in "aeo" else part for part in parts[1:])
    return word[0].upper() + word[1:]


def county(name: str) -> tuple[str, str]:
    """Return the English name and the pinyin of a county: ``("Yu County", "yu xian")``.

    The pinyin is without apostrophe, as people type it.
    """
    ending, english, spelt = next(kind for kind in KINDS if name.endswith(kind[0]))
    # The whole name decides the reading (蔚县), the ending's own syllables are cut off again.
    parts = syllables(name)[: len(name) - len(ending)]
    return f"{joined(parts)} {english}", f"{''.join(parts)} {spelt}"
