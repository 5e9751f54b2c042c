"""Texts are complete in both languages, and numbers are written as readers of each write them."""

import ast
import string
from pathlib import Path

import pytest

from geo.words import LANGUAGES, both, keys, number, say, section

ROOT = Path(__file__).parent.parent


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys():
    assert keys("en") == keys("zh")


@pytest.mark.parametrize("key", sorted(keys("en")))
def test_a_text_is_there_and_has_the_same_placeholders(key):
    english, chinese = both(key).values()
    assert english.strip()
    assert chinese.strip()
    assert placeholders(english) == placeholders(chinese)


def fault_codes():
    for path in (ROOT / "geo").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Fault"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.args[0].value


@pytest.mark.parametrize("code", sorted(set(fault_codes())))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_says_what_and_what_to_do(code, language):
    assert {f"error.{code}.what", f"error.{code}.remedy"} <= keys(language)


@pytest.mark.parametrize(
    ("value", "language", "options", "written"),
    [
        (1234567, "en", {}, "1,234,567"),
        (1234567, "zh", {}, "123.5万"),
        (99999, "zh", {}, "99,999"),
        (100000, "zh", {}, "10.0万"),
        (21893095, "zh", {}, "2,189万"),
        (110369420, "zh", {}, "1.10亿"),
        (-1234.56, "en", {"digits": 1}, "\u22121,234.6"),
        (12.345, "en", {"digits": 2, "sign": True}, "+12.35"),
        (-0.001, "en", {"digits": 1, "sign": True}, "0.0"),
        (0, "en", {"sign": True}, "0"),
        (None, "en", {}, "–"),
        (float("nan"), "zh", {}, "–"),
    ],
)
def test_numbers_are_written_as_readers_write_them(value, language, options, written):
    assert number(value, language, **options) == written


def test_a_section_is_what_lies_below_its_key():
    assert section("status")["sourced"] == say("status.sourced")


def test_a_missing_text_is_an_error_not_a_silence():
    with pytest.raises(KeyError):
        say("no.such.text")
