"""The configuration file: its tables, defaults and bounds."""
