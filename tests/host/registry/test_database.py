# SPDX-License-Identifier: BSD-3-Clause
"""The file: made, shared, migrated, refused; every error typed."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from registry_bench import a_chip

from ohmloop.errors import NotRecorded, RegistryError, RegistryVersion
from ohmloop.registry import Registry, registry_path
from ohmloop.registry.database import Database, scripts

ADD = (
    "CREATE TABLE colours (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO colours (name) VALUES ('red;');\n"
)


def test_the_place_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert registry_path() == path
    monkeypatch.delenv("OHMLOOP_REGISTRY")
    assert registry_path() == tmp_path / "chips" / "registry.sqlite"
    monkeypatch.delenv("OHMLOOP_STATE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert registry_path() == tmp_path / "ohmloop" / "registry.sqlite"


def test_what_is_written_is_there_after_reopening(path: Path) -> None:
    with Registry.open() as registry:
        a_chip(registry)
        assert registry.version == len(scripts())
    with Registry.open() as registry:
        assert registry.chips.get("a").geometry == (1, 8, 6)
        assert registry.integrity_faults() == []
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_registry_that_is_only_looked_at_is_not_made(path: Path) -> None:
    with pytest.raises(NotRecorded, match="no registry yet"):
        Registry.open(create=False)
    assert not path.exists()


def test_a_newer_schema_is_refused_with_both_versions(path: Path) -> None:
    Registry.open().close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(RegistryVersion, match=f"version 99.* up to {len(scripts())}") as caught:
        Registry.open()
    assert (caught.value.value, caught.value.limit) == (99, len(scripts()))


def test_an_older_schema_is_backed_up_and_migrated(path: Path) -> None:
    with Registry.open() as registry:
        a_chip(registry)
    database = Database(path, migrations=[*scripts(), ADD])
    assert database.version == len(scripts()) + 1
    assert tuple(database.one("SELECT name FROM colours")) == ("red;",)
    database.close()
    (backup,) = path.parent.glob("*.bak")
    assert backup.name.startswith(f"registry.sqlite.version{len(scripts())}.")
    with closing(sqlite3.connect(backup)) as raw:
        assert raw.execute("SELECT name FROM chips").fetchall() == [("a",)]
        assert raw.execute("PRAGMA user_version").fetchone() == (len(scripts()),)
        assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'colours'").fetchone() == (0,)


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    Registry.open().close()
    with pytest.raises(RegistryError, match="nonsense"):
        Database(path, migrations=[*scripts(), ADD + "INSERT INTO nonsense VALUES (1);\n"])
    with Registry.open() as registry:
        assert registry.version == len(scripts())


def test_a_migration_that_breaks_references_changes_nothing(path: Path) -> None:
    with Registry.open() as registry:
        a_chip(registry)
    stray = "INSERT INTO wear VALUES (77, 0, 0, x'00');\n"
    with pytest.raises(RegistryError, match="1 references"):
        Database(path, migrations=[*scripts(), stray])
    with Registry.open() as registry:
        assert registry.integrity_faults() == []


def test_another_sqlite_file_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(RegistryError, match="no registry"):
        Registry.open()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database" * 400, b"SQLite format 3\0" + bytes(80)])
def test_what_is_no_database_is_a_typed_error(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=r"registry\.sqlite"):
        Registry.open()


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="file"):
        Registry.open(tmp_path / "file" / "registry.sqlite")


def test_waiting_for_another_writer_ends(path: Path, registry: Registry) -> None:
    with Registry.open(busy_s=0.05) as second:
        with registry.jobs._database.transaction():
            with pytest.raises(RegistryError, match=r"another process for 0\.05 s"):
                a_chip(second)
        a_chip(second)


def test_half_a_transaction_is_nothing(registry: Registry) -> None:
    database = registry.jobs._database
    with pytest.raises(ZeroDivisionError), database.transaction():
        a_chip(registry, "half")
        raise ZeroDivisionError
    assert registry.chips.all() == []
    a_chip(registry, "whole")
    assert [chip.name for chip in registry.chips.all()] == ["whole"]


def test_an_interrupt_that_left_a_transaction_open_spoils_nothing_later(path: Path, registry) -> None:
    registry.jobs._database._connection.execute("BEGIN IMMEDIATE")
    registry.jobs._database._connection.execute("DELETE FROM chips")
    a_chip(registry)
    with Registry.open() as second:
        assert [chip.name for chip in second.chips.all()] == ["a"]


def test_a_child_process_may_not_use_its_parents_registry(registry: Registry) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            registry.chips.all()
        except RegistryError:
            code = 0
        finally:
            os._exit(code)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 0


def test_a_backup_is_a_registry(registry: Registry, tmp_path: Path) -> None:
    a_chip(registry)
    registry.back_up(tmp_path / "copy.sqlite")
    with Registry.open(tmp_path / "copy.sqlite", create=False) as copy:
        assert copy.chips.get("a").name == "a" and copy.integrity_faults() == []
