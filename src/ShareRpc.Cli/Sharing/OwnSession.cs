using ShareRpc.Cli.Commands;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Cli.Sharing;

/// <summary>A session that opencode itself shares; needs no creator token.</summary>
internal sealed record OwnSession(Uri Server, OpencodeSelection Selection)
{
    /// <summary>
    /// Returns the chosen session, when opencode shares it on the server that was named, or when none was named.
    /// </summary>
    public static OwnSession? Find(
        CommandContext context, string databasePath, OpencodeSelection selection, string? server)
    {
        if (!File.Exists(databasePath)) return null; // whoever reads it says so
        using OpencodeDatabase database = OpencodeDatabase.Open(databasePath);
        if (database.FindShare(selection) is not { } own) return null;
        bool isMeant = server is null
            || Inputs.ServerAddress(context, server).AbsoluteUri == own.Append.Server.AbsoluteUri;
        return isMeant ? new OwnSession(own.Append.Server, OpencodeSelection.Of(own.SessionId)) : null;
    }
}
