"""What came before? Learned games, run backwards. Nothing here loads torch."""

METHODS = ("search", "descent", "both", "repair", "sat")
