"""What the page shows of a connection's form: places, rows that change, notes, and who is who."""

from __future__ import annotations

from django.utils.functional import cached_property

from mailsettings.base_form import SENDER, FieldsForm
from mailsettings.carry import COMMON, KEPT
from mailsettings.layout import Layout, Row, Section
from mailsettings.models import Connection
from mailsettings.presets import ServiceNote, fills, place_of, service_note, sets_of
from mailsettings.subject import NEW
from providers import IdentityPicture
from providers.values import conditions, read_values

# The option of a method that is to be left behind.
LEGACY = "legacy"


class ShownForm(FieldsForm):
    """The fields, as the templates read them."""

    @cached_property
    def layout(self) -> Layout:
        """Where each field stands, and what it depends on."""
        return Layout(self.specs, self.current)

    def touched_by(self, trigger: str, action: str) -> list[Row]:
        """Give the rows that a changed control or a pressed button fills in, shows or hides.

        The control's own row stays as it is, with the focus in it.
        """
        pressed = action.partition(":")[2].partition("=")[0]
        name = pressed or trigger
        names = {one for spec in self.specs if spec.name == name for one in sets_of(spec)}
        names |= {spec.name for spec in self.specs if name in {one for one, _ in conditions(spec)}}
        names |= {pressed} if pressed else set()
        rows = [row for section in (*self.services, *self.sections) for row in section.rows]
        rows.append(self.sender)
        return [row for row in rows if names & {field.name for field in row.fields}]

    @property
    def sender(self) -> Row:
        """The row of the sender, which every provider has."""
        return Row(
            name=SENDER[0], fields=[self[name] for name in SENDER], half=True, classes="", hidden=False
        )

    @property
    def services(self) -> list[Section]:
        """Dropdowns that fill in other fields; they stand above all others."""
        return self.layout.sections({spec.name: self[spec.name] for spec in self.specs if fills(spec)})

    @property
    def service_notes(self) -> list[ServiceNote]:
        """What is to be known about each chosen service, and which one the sender's address speaks of."""
        return [service_note(spec, self.current) for spec in self.specs if fills(spec)]

    @property
    def identity(self) -> IdentityPicture:
        """Who signs in, who gets bounces and whose address is shown, by the values on the page (NEW-9)."""
        values, _errors = read_values(self.specs, self.current)
        account = self.subject.account
        settings = self.chosen.settings_type(**values)
        return self.chosen.identity_picture(settings, account.email if account else "")

    @property
    def sections(self) -> list[Section]:
        """The provider's own fields under their headings, in the declared order."""
        own = [spec for spec in self.specs if spec.name not in COMMON and not fills(spec)]
        return self.layout.sections({spec.name: self[spec.name] for spec in own})

    @property
    def siblings(self) -> list[Connection]:
        """The saved connections of the chosen provider, to choose from (COG-11)."""
        rows = Connection.objects.of(self.subject.organization).filter(provider=self.chosen.key)
        return list(rows.order_by("name"))

    @property
    def connection_value(self) -> str:
        """What the field "Connection" stands at."""
        return str(self.connection.pk) if self.connection else NEW

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Hidden values typed for other providers, so that choosing back and forth loses nothing."""
        own = f"{KEPT}-{self.chosen.key}-"
        return [(name, value) for name, value in self.carried.items() if not name.startswith(own)]

    @property
    def legacy(self) -> str:
        """The classes of the notice that goes with the legacy method; empty where there is none (COG-2)."""
        number = self.layout.switches.get("method")
        place = next((place_of(one, LEGACY) for one in self.specs if one.name == "method"), 0)
        return f"needs-{number} on-{number}-{place}" if place else ""
