"""The library of datasets to train on: sources, licences, downloads and the folder that holds them."""
