"""Plans become files people use: an offline map, a workbook, route sheets, tables for any GIS."""
