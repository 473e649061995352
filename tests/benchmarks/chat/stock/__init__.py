"""The chat of the tutorial of Channels: groups of a channel layer, nothing stored. STOCK_LAYER names the layer."""
