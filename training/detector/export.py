"""Writes averaged weights as ONNX for OpenVINO and OpenCV's dnn: one fixed size, grey in 0..1, the score as it is.

    python3 export.py plates.pt gantry_plate.onnx 768 448
"""
import sys

import onnx
import torch
from torch import nn

from network import PlateNetwork


def fold(module):
    """Folds batch normalisation into the convolution before it."""
    for name, child in list(module._modules.items()):
        if isinstance(child, nn.Sequential):
            layers = []
            for layer in child:
                if isinstance(layer, nn.BatchNorm2d):
                    layers[-1] = torch.nn.utils.fuse_conv_bn_eval(layers[-1], layer)
                else:
                    layers.append(layer)
            module._modules[name] = child = nn.Sequential(*layers)
        fold(child)


def copy_identities(model):
    """OpenCV 4.6 can't read an Identity of a constant, which the exporter writes for shared biases."""
    constants = {value.name: value for value in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "Identity" and n.input[0] in constants]:
        copy = onnx.TensorProto()
        copy.CopyFrom(constants[node.input[0]])
        copy.name = node.output[0]
        model.graph.initializer.append(copy)
        model.graph.node.remove(node)


def main():
    source, target, width, height = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    network = PlateNetwork()
    network.load_state_dict(torch.load(source, map_location="cpu"))
    network.eval()
    picture = torch.rand(1, 1, height, width)
    with torch.no_grad():
        before = network(picture)
        fold(network)
        difference = float((network(picture) - before).abs().max())
    if difference > 1e-3:
        raise SystemExit(f"folding changed the outputs by {difference}")
    torch.onnx.export(network, picture, target, opset_version=11, input_names=["image"], output_names=["map"],
                      dynamo=False)
    model = onnx.load(target)
    copy_identities(model)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    print(target, sorted({node.op_type for node in model.graph.node}), f"folding changed {difference:.1e}")


if __name__ == "__main__":
    main()
