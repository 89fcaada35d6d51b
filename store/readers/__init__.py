"""From a file's bytes to its pages of text; one module for each format.

These run in the child process `store.reader_worker` alone, since what they read is hostile
until shown otherwise. Each has `pages(source)`, which returns the text of each page (a file
without pages has one) or raises `Refused`. What has headings, lists and tables is written
as Markdown, so that they can still be seen in the text and chunks can be cut along them.
Imports stand inside the functions, since every child pays for those it makes.
"""
