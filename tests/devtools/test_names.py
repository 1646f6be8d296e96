"""The environment names in settings, `.env.example` and the compose file agree."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import yaml

from devtools.names import product_names

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(
    r'\b(?:env\.\w+|required|database|name_servers|networks|number|one_of|ports|public_url|log_level)\(\s*"([A-Z_]+)"'
)
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)")
COMPOSE_ONLY = "# --- docker-compose.yml only"


def settings_names() -> set[str]:
    return set(READ.findall((ROOT / "config" / "settings.py").read_text()))


def example_parts() -> tuple[str, str]:
    before, _, after = (ROOT / ".env.example").read_text().partition(COMPOSE_ONLY)
    return before, after


def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text()
    )
    return loaded


def test_example_describes_exactly_the_settings() -> None:
    before, after = example_parts()
    own = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", before, re.MULTILINE))
    assert own == settings_names()
    assert product_names() == own | set(re.findall(r"^([A-Z_]+)=", after, re.MULTILINE))


def test_every_name_in_the_example_has_words_above_it() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for above, line in pairwise(lines):
        if re.match(r"#? ?[A-Z][A-Z0-9_]*=", line) and not line.startswith(("WORKER_", "SYSTEM_", "WEB_")):
            assert re.match(r"# .*[a-z]", above), f"{line} lacks a description"


def test_compose_gives_the_product_settings_it_knows() -> None:
    for name in ("migrate", "web", "worker", "beat"):
        service = compose()["services"][name]
        environment = service["environment"]
        assert isinstance(environment, dict)
        assert set(environment) <= settings_names(), name


def test_compose_asks_for_names_the_example_describes() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(INTERPOLATED.findall(text)) <= product_names()


def test_compose_hides_the_owners_password_from_all_but_the_migrations() -> None:
    services = compose()["services"]
    for name in ("web", "worker", "beat"):
        environment = services[name]["environment"]
        assert isinstance(environment, dict)
        assert environment["DATABASE_OWNER_URL"] == "postgres://app_owner@postgres/mailroom"


def test_compose_uses_files_that_exist() -> None:
    mounts = re.findall(r"- (\./[^:]+):", (ROOT / "docker-compose.yml").read_text())
    assert mounts
    for mount in mounts:
        assert (ROOT / mount).is_file(), mount


def test_image_holds_every_room_of_the_product() -> None:
    copied = set(re.findall(r"^COPY (\w+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    kept_back = {"sandbox", "devtools", "tests", "benchmarks"}
    rooms = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - kept_back
    assert copied == rooms | {"templates", "static"}
    ignored = (ROOT / ".dockerignore").read_text()
    assert all(f"!{room}\n" in ignored for room in copied)
