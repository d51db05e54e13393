#ifndef CVISION_H
#define CVISION_H
#endif
