"""The studio: songs seen, corrected and arranged in a browser; a server reads and corrects, one worker works."""
