using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// The creator ref of open creation: a child of root without a usable token. Revoking it ends open creation and all
/// shares made by it, until a start with open creation.
/// </summary>
internal sealed class OpenCreator(IShareStore store, ServerOptions options, TimeProvider time)
{
    private const string Label = "open creation";

    public string? CapId { get; private set; }

    /// <summary>Creates the ref if missing or revoked. Call before the commit loop runs.</summary>
    public async ValueTask EnsureAsync()
    {
        if (!options.OpenCreation) return;
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        if (await transaction.FindOpenCreatorAsync() is { RevokedMs: null } known)
        {
            CapId = known.CapId;
            return;
        }

        RefRow root = (await transaction.ReadRefsAsync(default, 0, 1))[0];
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var request = new AttenuateRequest
        {
            CapId = RandomId.New(), TokenDigest = "", Rights = RightsNames.Creator.ToNames(), Label = Label,
        };
        RefRow row = RefRequest.ChildOf(root, request, TokenVerifier.None(), now, options.Limits);
        long key = await transaction.InsertRefAsync(row);
        transaction.InsertOpenCreator(key);
        transaction.InsertAudit(new AuditRow(now, "attenuate", root.Key, null, key));
        await transaction.CommitAsync();
        CapId = row.CapId;
    }
}
