"""What a person puts right in a song sheet: corrections as values, their history, and which bars they touch."""
