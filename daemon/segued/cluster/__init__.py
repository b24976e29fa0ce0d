"""Other machines that analyze music: their keys, offers and jobs."""
