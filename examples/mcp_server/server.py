"""An MCP server with one tool, started by Parley over standard input and output."""

from mcp.server.fastmcp import FastMCP

server = FastMCP("stock")
STOCK = {"chair": 12, "desk": 3, "lamp": 0}


@server.tool()
def in_stock(article: str) -> str:
    """How many pieces of an article are in stock."""
    return f"{STOCK.get(article.lower(), 0)} in stock"


if __name__ == "__main__":
    server.run()
