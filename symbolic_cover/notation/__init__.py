"""Notation of an arrangement: MusicXML, engraving, parts, ABC."""
