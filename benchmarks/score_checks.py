"""What a written score must stand: the MusicXML 4.0 schema, and being opened again by others with the same music.

The schema comes from the development dependency `musicxml`, which carries W3C's file; nothing is fetched.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

#: What MusicXML uses of XLink; W3C's own file would have to be fetched.
_XLINK = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xs:attribute name="href" type="xs:anyURI"/><xs:attribute name="type" type="xs:string"/>
<xs:attribute name="role" type="xs:token"/><xs:attribute name="title" type="xs:token"/>
<xs:attribute name="show" type="xs:token"/><xs:attribute name="actuate" type="xs:token"/></xs:schema>"""
_XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="space" type="xs:NCName"/></xs:schema>"""

#: (staff counted from 1, tick from the beginning of the page's music, MIDI pitch): how often it is struck.
Struck = Counter[tuple[int, int, int]]


class _Local(etree.Resolver):
    """Hands out the two schemas that MusicXML's imports by their address."""

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        for name, text in (("xlink.xsd", _XLINK), ("xml.xsd", _XML)):
            if url.endswith(name):
                return self.resolve_string(text, context)
        return None


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    package = find_spec("musicxml")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "generate_classes" / "musicxml_4_0.xsd"
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.parse(path, parser))


def schema_faults(path: Path) -> list[str]:
    """What the MusicXML 4.0 schema says against a file; nothing if it is valid."""
    schema = _schema()
    schema.validate(etree.parse(path, etree.XMLParser(no_network=True, load_dtd=False)))
    return [f"line {error.line}: {error.message}" for error in schema.error_log]
