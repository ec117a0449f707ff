"""The studio: view, correct and arrange songs in a browser; a server for reading and correcting, and one worker."""
