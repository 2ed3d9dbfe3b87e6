using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// The first ref of a new data directory. Writes the token before its row, so that a crash loses nothing.
/// </summary>
internal static class RootToken
{
    /// <summary>True when the root ref was made now; its token is then in <paramref name="path"/>, mode 0600.</summary>
    public static async Task<bool> EnsureAsync(
        IShareStore store, TokenVerifier tokens, string path, TimeProvider time, CancellationToken cancellationToken)
    {
        await using (IReadSnapshot snapshot = await store.BeginReadAsync())
        {
            if ((await snapshot.ReadRefsAsync(default, 0, 1)).Count > 0) return false;
        }

        string written = File.Exists(path)
            ? await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false) : "";
        if (!ShareToken.TryParse(written.Trim(), out ShareToken? token))
        {
            token = ShareToken.New(RandomId.New());
            SecretFile.Write(path, Encoding.ASCII.GetBytes(token.Reveal() + "\n"));
        }

        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long key = await transaction.InsertRefAsync(new RefRow
        {
            CapId = token.CapId, Rights = RightsNames.Root, Caveats = Caveats.None, Label = "root",
            Verifier = tokens.Of(token.Digest), CreatedMs = now,
        });
        transaction.InsertAudit(new AuditRow(now, "create_root", null, null, key));
        await transaction.CommitAsync();
        return true;
    }
}
