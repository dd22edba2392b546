"""No pandas."""

raise ImportError
