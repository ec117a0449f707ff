"""How good a cover is: measures, ranges of people's pieces, findings."""
