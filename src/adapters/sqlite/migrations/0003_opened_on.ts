// Version 3: the Head version that a change set was opened on, which stays when it is caught up. Of change sets written
// before there was catching up it is their base.

export const openedOn = `
alter table change_set add column opened_on integer not null default 0;
update change_set set opened_on = base_version where is_head = 0;
`;
