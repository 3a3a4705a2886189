"""The words: tables of text, one word or phrase a line, English | French | Korean."""
