"""Signal processing as pure functions of arrays: no files, no clock."""
