/// What keeps a simulation from being rendered. Codes `SIM1xx` are stable.
public enum RenderError: Error, Equatable, Sendable, CustomStringConvertible {
    /// None of these font files is there.
    case noTypeface([String])
    /// A request outside what the simulation can do.
    case outOfRange(String)
    /// The folder holds a `cameras.json` that no simulation wrote.
    case foreignFolder(String)
    /// A finished clip could not be put in its place.
    case unwritable(String)

    public var description: String {
        switch self {
        case .noTypeface(let paths):
            "SIM101 no typeface for the plates: none of \(paths.joined(separator: ", ")) is there. "
                + "Install Debian's fonts-roadgeek (`make setup` does)."
        case .outOfRange(let what): "SIM102 can't simulate that: \(what)"
        case .foreignFolder(let folder):
            "SIM103 \(folder) holds a cameras.json that was not simulated; nothing was touched. Give another folder."
        case .unwritable(let path): "SIM104 can't write \(path). Check the folder's rights and the free space."
        }
    }
}
