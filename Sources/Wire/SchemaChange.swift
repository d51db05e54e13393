public import SwiftProtobuf

/// A change of the messages that a deployed process could not read or would misread.
public struct SchemaChange: Hashable, Sendable, CustomStringConvertible {
    /// For example `gantry.v1.Plate.score`.
    public var path: String
    /// For example `field 3 is gone`.
    public var what: String
    public var description: String { "\(path): \(what)" }

    /// Every incompatible change from one set of messages to another; empty when all is additive.
    ///
    /// Compared are messages, fields (number, name, type, repetition, oneof) and enum values (number, name). A field
    /// may only go when its number and its name are reserved.
    public static func incompatible(
        from old: Google_Protobuf_FileDescriptorSet, to new: Google_Protobuf_FileDescriptorSet
    ) -> [SchemaChange] {
        let before = Index(old), after = Index(new)
        var changes: [SchemaChange] = []
        for (path, message) in before.messages {
            guard let now = after.messages[path] else {
                changes.append(SchemaChange(path: path, what: "the message is gone"))
                continue
            }
            changes += compare(path, message, now)
        }
        for (path, old) in before.enums {
            guard let now = after.enums[path] else {
                changes.append(SchemaChange(path: path, what: "the enum is gone"))
                continue
            }
            for value in old.value
            where !now.value.contains(where: { $0.number == value.number && $0.name == value.name }) {
                changes.append(
                    SchemaChange(path: "\(path).\(value.name)", what: "value \(value.number) is gone or renumbered"))
            }
        }
        return changes.sorted { $0.description < $1.description }
    }

    private static func compare(
        _ path: String, _ old: Google_Protobuf_DescriptorProto, _ new: Google_Protobuf_DescriptorProto
    ) -> [SchemaChange] {
        var changes: [SchemaChange] = []
        for field in old.field {
            func changed(_ what: String) { changes.append(SchemaChange(path: "\(path).\(field.name)", what: what)) }
            guard let now = new.field.first(where: { $0.number == field.number }) else {
                let number = new.reservedRange.contains { ($0.start..<$0.end).contains(field.number) }
                let isReserved = number && new.reservedName.contains(field.name)
                if !isReserved { changed("field \(field.number) is gone, and its number and name are not reserved") }
                continue
            }
            if now.name != field.name { changed("field \(field.number) is called \(now.name) now") }
            if now.type != field.type || now.typeName != field.typeName {
                changed("was \(field.type) \(field.typeName), is \(now.type) \(now.typeName)")
            }
            if now.label != field.label { changed("was \(field.label), is \(now.label)") }
            if oneof(now, in: new) != oneof(field, in: old) || now.proto3Optional != field.proto3Optional {
                changed("moved into or out of a oneof, or became or ceased to be optional")
            }
        }
        return changes
    }

    private static func oneof(
        _ field: Google_Protobuf_FieldDescriptorProto, in message: Google_Protobuf_DescriptorProto
    ) -> String? {
        field.hasOneofIndex ? message.oneofDecl[Int(field.oneofIndex)].name : nil
    }

    /// Messages and enums by full name, nested ones included.
    private struct Index {
        var messages: [String: Google_Protobuf_DescriptorProto] = [:]
        var enums: [String: Google_Protobuf_EnumDescriptorProto] = [:]

        init(_ set: Google_Protobuf_FileDescriptorSet) {
            for file in set.file {
                for message in file.messageType { add(message, file.package) }
                for declared in file.enumType { enums["\(file.package).\(declared.name)"] = declared }
            }
        }
        mutating func add(_ message: Google_Protobuf_DescriptorProto, _ scope: String) {
            let path = "\(scope).\(message.name)"
            messages[path] = message
            for nested in message.nestedType { add(nested, path) }
            for declared in message.enumType { enums["\(path).\(declared.name)"] = declared }
        }
    }
}
