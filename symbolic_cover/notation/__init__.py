"""An arrangement as a page: MusicXML, engraving, parts, ABC."""
