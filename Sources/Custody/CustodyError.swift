/// What can go wrong with keys and sealed bytes. Codes are stable: `CUS1xx`.
public enum CustodyError: Error, Equatable, CustomStringConvertible {
    /// There is no key folder, and this command does not make one.
    case noKeys(folder: String)
    /// Others than the owner can read or write a key.
    case permissionsTooOpen(path: String, mode: String)
    /// A key can't be read, or is not one that this store wrote.
    case unreadableKey(path: String, reason: String)
    case unwritable(path: String, reason: String)
    /// The key was destroyed, with everything that needs it.
    case destroyed(name: String)
    /// No key of that name was ever made here.
    case unknownKey(name: String)
    /// The bytes were changed, or belong to another row, camera or day.
    case notAuthentic
    /// There is no key to sign with, and this command does not make one.
    case noSigningKey(path: String)
    /// The folder was made with other settings than were asked for.
    case settingsDiffer(path: String, found: String, wanted: String)

    /// For example `CUS102`.
    public var code: String { String(description.prefix(6)) }

    public var description: String {
        switch self {
        case .noKeys(let folder):
            "CUS101 there are no keys in \(folder). Run `gantry keys init`, or set GANTRY_HOME to the folder that holds `keys`."
        case .permissionsTooOpen(let path, let mode):
            "CUS102 \(path) has mode \(mode), so others can reach the keys. Check who had access, then `chmod go= \(path)`."
        case .unreadableKey(let path, let reason):
            "CUS103 the key \(path) can't be used: \(reason). Restore the key folder from its backup; nothing else can open what it sealed."
        case .unwritable(let path, let reason):
            "CUS104 \(path) can't be written: \(reason). Give the process a key folder of its own, or free space."
        case .destroyed(let name):
            "CUS105 the key \(name) was destroyed. What it sealed can't be read again, and nothing new may be sealed under its name."
        case .unknownKey(let name):
            "CUS106 there is no key \(name) in this store. Nothing was stored for that period here, or the store is another system's."
        case .notAuthentic:
            "CUS107 the sealed bytes do not belong to this row, camera and day, or were changed. Restore the row from a backup and look for who wrote it."
        case .noSigningKey(let path):
            "CUS120 there is no signing key \(path). Make one with --make-key, and give its public half to the auditor."
        case .settingsDiffer(let path, let found, let wanted):
            "CUS108 \(path) says `\(found)`, not `\(wanted)`. Tokens can't be compared across the two: keep the first setting, or start a new key folder."
        }
    }
}
