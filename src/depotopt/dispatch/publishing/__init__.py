"""From a draft to what people read: plan, loads by lot, reasons."""
