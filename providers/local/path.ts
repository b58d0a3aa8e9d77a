// Where a file or a template is, and its payload with the parts of its path.

const at = (id: string | undefined) => `file/${encodeURIComponent(id ?? '')}`;

/** As the agent tells it, with the parts of its path. */
function payloadOf(file: any): any {
  if (file == null) return null;
  const cut = file.Path.lastIndexOf('/');
  return { ...file, Folder: cut === -1 ? '' : file.Path.slice(0, cut), Name: file.Path.slice(cut + 1) };
}

const joined = (folder: string | null, name: string | null) => (folder ? `${folder}/${name ?? ''}` : (name ?? ''));
