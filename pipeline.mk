# the data flow
