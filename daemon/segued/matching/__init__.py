"""Pure: text and evidence in, values out."""
