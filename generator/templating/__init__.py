"""Everything that turns values into text for people: formats, catalogs and the template environment."""
