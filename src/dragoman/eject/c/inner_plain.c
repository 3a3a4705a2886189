
INNER(inner)
