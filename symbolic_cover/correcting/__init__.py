"""Corrections of a song sheet: values, history, and the bars they change."""
