"""Draws on disk: what is complete is kept under the content of scenario, layers and model.

Nothing that another model drew is ever read: the key holds a digest of the model's own code.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from platformdirs import user_cache_dir

from geo.ensemble import Ensemble, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geo.model.baseline import Baseline
    from geo.scenario import Scenario

__all__ = ["content_key", "default_folder", "keep", "kept"]

_KEPT = 24  # scenarios on disk: some 20 MB each
_OLD = 600.0  # seconds after which half a file is what a killed process left behind
_FORMAT = 1
_AXES = 4  # draws, measures, years, counties
_LARGEST = 60000.0  # of a number in half precision, with room to spare


def default_folder() -> Path:
    """Return where draws are kept: ``JINGJINJI_CACHE``, or the user's cache folder."""
    named = os.environ.get("JINGJINJI_CACHE")
    return Path(named) if named else Path(user_cache_dir("jingjinji", appauthor=False)) / "draws"


@cache
def _model_key() -> str:
    """Return a digest of the model's own code."""
    root = files("geo")
    around = ("assumptions.py", "ensemble.py", "region.py", "scenario.py")
    parts = [*(root / name for name in around), *(root / "model").iterdir()]
    texts = sorted((part.name, part.read_bytes()) for part in parts if part.name.endswith(".py"))
    return hashlib.sha256(b"\0".join(name.encode() + b"\0" + text for name, text in texts)).hexdigest()


def content_key(baseline: Baseline, scenario: Scenario) -> str:
    """Return what draws of a scenario depend on, as a digest; names and notes are no part of it.

    A free move is told from others by its name, so that stays.
    """
    moves = tuple(move.model_copy(update={"note": ""}) for move in scenario.moves)
    plain = scenario.model_copy(update={"name": "", "note": "", "moves": moves})
    text = json.dumps(plain.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    whole = f"{_FORMAT}\0{baseline.region_hash}\0{_model_key()}\0{text}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def keep(folder: Path, key: str, ensemble: Ensemble) -> None:
    """Write an ensemble; changes by county and their ends in half precision, scaled by measure.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{key}.{os.getpid()}.part"
    try:
        _write(folder, key, part, ensemble)
    finally:  # a full disk leaves nothing behind
        part.unlink(missing_ok=True)
    _prune(folder)


def _write(folder: Path, key: str, part: Path, ensemble: Ensemble) -> None:
    """Write by way of ``part``, so that no file is ever half there."""
    scales = {name: float(np.nanmax(np.abs(one), initial=0.0)) for name, one in ensemble.changes.items()}
    for suffix, of in (("npy", ensemble.changes.__getitem__), ("ends.npy", ensemble.ends)):
        with part.open("wb") as file:
            halves = [_halved(of(name), scale) for name, scale in scales.items()]
            np.save(file, np.stack(halves, axis=1), allow_pickle=False)
        part.replace(folder / f"{key}.{suffix}")
    head = {
        "years": ensemble.years.tolist(), "codes": list(ensemble.codes), "scales": scales,
        "numbers": [int(number) for number in ensemble.draws.index], "refused": ensemble.refused,
        "regional": {name: one.tolist() for name, one in ensemble.regional.items()},
        "moved": {name: one.tolist() for name, one in ensemble.regional_changes.items()},
    }  # fmt: skip
    # the header is written last: without it there is nothing
    part.write_text(json.dumps(head), encoding="utf-8")
    part.replace(folder / f"{key}.json")


def _halved(values: NDArray[Any], scale: float) -> NDArray[np.float16]:
    return np.asarray(values * (_LARGEST / scale) if scale else np.zeros_like(values), dtype=np.float16)


def _prune(folder: Path) -> None:
    """Remove the draws that were used longest ago, and what a killed process left behind."""
    stamped = sorted((file.stat().st_mtime_ns, file) for file in folder.glob("*.json"))
    heads = [file for _, file in stamped[-_KEPT:]]
    here = {file.stem for file in heads}
    for file in folder.iterdir():
        known = file.suffix in {".json", ".npy", ".part"} and file.name.partition(".")[0] not in here
        if known and (file.suffix == ".json" or time.time() - file.stat().st_mtime > _OLD):
            file.unlink(missing_ok=True)


class _Halves(Mapping[str, "NDArray[np.float32]"]):
    """Numbers by county in a file, (D, T, N) each; read when asked for."""

    def __init__(self, halves: NDArray[np.float16], scales: Mapping[str, float]) -> None:
        if halves.ndim != _AXES or halves.shape[1] != len(scales):
            raise ValueError(halves.shape)
        self._halves, self._scales = halves, dict(scales)
        self._at = {name: at for at, name in enumerate(scales)}

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        one = self._halves[:, self._at[name]].astype(np.float32)
        return np.asarray(one * np.float32(self._scales[name] / _LARGEST))

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


def kept(folder: Path, key: str, scenario: Scenario) -> Ensemble | None:
    """Read an ensemble back; None if there is none, or none that can be read."""
    try:
        head = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        halves, ends = (
            np.load(folder / f"{key}.{suffix}", mmap_mode="r", allow_pickle=False)
            for suffix in ("npy", "ends.npy")
        )
        stated = tuple(scenario.assumptions.overrides)
        table = pd.DataFrame({int(number): drawn(0, number, stated) for number in head["numbers"]}).T
        shape = (len(table), len(head["years"]), len(head["codes"]))
        if (halves.shape[0], *halves.shape[2:]) != shape or (ends.shape[0], *ends.shape[2:]) != (
            2,
            *shape[1:],
        ):
            return None
        with suppress(OSError):  # a folder that may only be read is read
            os.utime(folder / f"{key}.json")
        return Ensemble(
            scenario, np.array(head["years"]), tuple(head["codes"]), int(head["years"][-1]),
            {name: np.array(one, dtype=float) for name, one in head["regional"].items()},
            {name: np.array(one, dtype=float) for name, one in head["moved"].items()},
            _Halves(halves, head["scales"]), table, dict(head["refused"]), _Halves(ends, head["scales"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError):
        return None  # a file of ours that somebody cut or changed: it is drawn again
