"""Values as text for people: formats, catalogs and the template environment."""
