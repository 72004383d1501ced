"""Values as text for people: formats, spellings, catalogs and the template environment."""
