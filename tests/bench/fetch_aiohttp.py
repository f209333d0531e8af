# SPDX-License-Identifier: MIT
"""Fetch URLs with aiohttp, 64 connections, each body to a plain file: the usual way in Python.

    fetch_aiohttp.py LIST      a line per picture: URL, tab, path
"""
import asyncio
import sys

import aiohttp


async def worker(session, todo):
    while todo:
        url, path = todo.pop()
        async with session.get(url) as answer:
            answer.raise_for_status()
            body = await answer.read()
        with open(path, "wb") as f:
            f.write(body)


async def main():
    with open(sys.argv[1]) as f:
        todo = [line.rstrip("\n").split("\t") for line in f]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        await asyncio.gather(*(worker(session, todo) for _ in range(64)))


asyncio.run(main())
