namespace ShareRpc.Server.Storage.Postgres;

/// <summary>
/// Decides whether a group takes documents that are not known here for new, which saves a question to the database
/// when they are, and costs a repetition when they are not: after a mistake, some groups ask first.
/// </summary>
internal sealed class DocumentTrust
{
    private const int MostAsked = 63;
    private int length;
    private int left;

    /// <summary>Returns whether the next group need not ask.</summary>
    public bool Ask() => left == 0 || left-- == 0;

    public void Confirm() => length /= 2;

    public void Doubt() => left = length = Math.Min((2 * length) + 1, MostAsked);
}
