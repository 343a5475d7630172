import os
from pathlib import Path

import pytest

from tui.storage.instances import Instance


def test_the_living_hold_a_private_file_and_leave_none(tmp_path: Path) -> None:
    directory = tmp_path / "instances"
    instance = Instance.enter(directory)
    (lock,) = directory.iterdir()
    assert lock.name == f"{instance.id}.lock"
    assert lock.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700
    instance.leave()
    instance.leave()
    assert list(directory.iterdir()) == []


def test_who_lives(tmp_path: Path) -> None:
    one, two = Instance.enter(tmp_path), Instance.enter(tmp_path)
    assert one.id != two.id
    assert one.is_alive(one.id)
    assert one.is_alive(two.id)
    two.leave()
    assert not one.is_alive(two.id)
    assert not one.is_alive("never-there")
    one.leave()


def test_files_of_the_dead_are_removed(tmp_path: Path) -> None:
    one, two = Instance.enter(tmp_path), Instance.enter(tmp_path)
    (tmp_path / "dead.lock").touch()
    (tmp_path / "other.txt").touch()
    one.sweep()
    assert {path.name for path in tmp_path.iterdir()} == {f"{one.id}.lock", f"{two.id}.lock", "other.txt"}
    one.leave()
    two.leave()


def test_a_file_taken_away_before_it_was_locked_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    open_file = os.open

    def open_and_lose(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = open_file(path, flags, mode)
        opened.append(Path(path).name)
        if len(opened) == 1:
            Path(path).unlink()
        return descriptor

    monkeypatch.setattr("tui.storage.instances.os.open", open_and_lose)
    instance = Instance.enter(tmp_path)
    monkeypatch.undo()
    assert len(opened) == 2
    assert [path.name for path in tmp_path.iterdir()] == [f"{instance.id}.lock"]
    instance.leave()
