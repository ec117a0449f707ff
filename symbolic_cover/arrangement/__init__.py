"""From song sheet to arrangement: the model, its constraints, and the rule-based baseline."""
