"""A bundle as one C99 file that needs nothing but libc and libm."""

from dragoman.eject.program import Program, write_program

__all__ = ["Program", "write_program"]
