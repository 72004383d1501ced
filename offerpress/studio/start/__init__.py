"""The screens before there is a site: the form that begins it, and the first steps after it."""
