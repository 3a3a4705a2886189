"""What every part must keep, as tests: the package's own parts are held to it, and so is anyone's.

::

    pytest --pyargs dragoman.contracts                    # every row of every table
    pytest --pyargs dragoman.contracts --plugin mine.py   # only the rows that mine.py adds

`rows` says which rows there are to hold, `combinations` puts parts together into networks, `tiny`
builds and compares them; the contracts themselves are the files `test_*`.
"""
