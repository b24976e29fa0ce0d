"""The process on another machine that analyzes music for a daemon."""
