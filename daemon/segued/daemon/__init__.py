"""The daemon: a process that runs for months and keeps music folders imported."""
